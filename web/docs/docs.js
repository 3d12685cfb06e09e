// Shows /openapi.json: operations with their parameters, bodies and answers, and a form to try them.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** An element with attributes and children; text is never read as markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema;
  return schema.$ref.slice(2).split('/').reduce((at, key) => at[key], api);
}

/** A value of the form that a schema has, as something to begin with. */
function example(api, given, depth = 0) {
  const schema = resolve(api, given) || {};
  if (depth > 4) return null;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return example(api, schema.anyOf[0], depth + 1);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(api, part, depth + 1)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    const wanted = (schema.required || []).map((key) => [key, example(api, (schema.properties || {})[key], depth + 1)]);
    return Object.fromEntries(wanted);
  }
  if (type === 'array') return schema.minItems ? [example(api, schema.items, depth + 1)] : [];
  if (type === 'integer' || type === 'number') return schema.minimum || 0;
  if (type === 'boolean') return false;
  return type === 'string' ? '' : null;
}

function parameters(list) {
  const rows = list.map((given) =>
    element('tr', {},
      element('td', {}, element('code', {}, given.name)),
      element('td', {}, given.in + (given.required ? ', required' : '')),
      element('td', {}, given.description || '')));
  return element('table', {}, element('tbody', {}, ...rows));
}

function trial(method, path, list, body) {
  const form = element('details', {}, element('summary', {}, 'Try it'));
  const fields = list.map((given) => {
    const input = element('input', { name: given.name });
    form.append(element('p', {}, element('label', {}, given.name + ' ', input)));
    return [given, input];
  });
  const text = body === undefined ? null : element('textarea', { rows: '8', 'aria-label': 'Body' });
  if (text) { text.value = JSON.stringify(body, null, 2); form.append(text); }
  const button = element('button', { type: 'button' }, 'Send');
  const answer = element('pre', { 'aria-live': 'polite' });
  button.addEventListener('click', async () => {
    let address = path;
    const query = new URLSearchParams();
    for (const [given, input] of fields) {
      if (given.in === 'path') address = address.replace(`{${given.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(given.name, input.value);
    }
    if (String(query)) address += '?' + query;
    const headers = {};
    const key = document.getElementById('key').value;
    if (key) headers.Authorization = `Bearer ${key}`;
    if (text) headers['Content-Type'] = 'application/json';
    answer.textContent = '…';
    try {
      const reply = await fetch(address, { method: method.toUpperCase(), headers, body: text ? text.value : undefined });
      const said = (await reply.text()).slice(0, 20000);
      answer.textContent = `${reply.status} ${reply.statusText}\n${said}`;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  form.append(element('p', {}, button), answer);
  return form;
}

function operation(api, path, method, shared, given) {
  const list = [...shared, ...(given.parameters || [])];
  const content = given.requestBody && Object.values(given.requestBody.content)[0];
  const section = element('section', { id: given.operationId },
    element('h3', {}, element('span', { class: 'method' }, method), ' ', element('code', {}, path)),
    element('p', {}, given.summary || ''));
  if (given.description) section.append(element('p', {}, given.description));
  if (list.length) section.append(parameters(list));
  if (content) section.append(element('details', {}, element('summary', {}, 'Body'),
    element('pre', {}, JSON.stringify(resolve(api, content.schema), null, 2))));
  for (const [status, answer] of Object.entries(given.responses)) {
    const schema = answer.content && Object.values(answer.content)[0].schema;
    if (!status.startsWith('2') || !schema) continue;
    section.append(element('details', {}, element('summary', {}, `Answer ${status}`),
      element('pre', {}, JSON.stringify(resolve(api, schema), null, 2))));
  }
  section.append(trial(method, path, list, content && example(api, content.schema)));
  return section;
}

async function show() {
  const api = await (await fetch('/openapi.json')).json();
  document.getElementById('about').textContent = api.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const given = methods[method];
      const tag = given.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([given, operation(api, path, method, methods.parameters || [], given)]);
    }
  }
  const main = document.getElementById('operations');
  const contents = document.getElementById('contents');
  for (const [tag, operations] of groups) {
    main.append(element('h2', {}, tag), ...operations.map(([, section]) => section));
    const links = operations.map(([given]) =>
      element('li', {}, element('a', { href: `#${given.operationId}` }, given.summary)));
    contents.append(element('h2', {}, tag), element('ul', {}, ...links));
  }
}

show().catch((error) => document.getElementById('operations').append(element('p', { role: 'alert' }, String(error))));
