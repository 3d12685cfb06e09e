/** Forms that were sent: which one and where, never what was filled in. */

addEventListener(
  'submit',
  ({ target }) => {
    const form = target as HTMLFormElement;
    // Attributes, because `form.id` is the field where the form has a field of that name.
    const name = form.getAttribute('id') || form.getAttribute('name') || '';
    self.opentrace?.('Form: Submission', { props: { path: location.pathname, form: name } });
  },
  true,
);
