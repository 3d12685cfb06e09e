const short = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' });
const long = new Intl.DateTimeFormat(undefined, { weekday: 'long', timeZone: 'UTC' });

/** The names of the days of `week` over its columns. */
export const Weekdays = ({ week }: { week: string[] }) => (
  <thead>
    <tr>
      {week.map((day) => {
        const date = new Date(`${day}T00:00:00Z`);
        return (
          <th key={day.slice(8)} scope="col" abbr={long.format(date)}>
            {short.format(date)}
          </th>
        );
      })}
    </tr>
  </thead>
);
