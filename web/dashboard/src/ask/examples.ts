/** What may be asked, of every kind that there is. */
export const EXAMPLES = [
  'visitors by country in the last 7 days',
  'top pages yesterday',
  'revenue this month compared with last month',
  'bounce rate on mobile last week',
  'retention by week',
  'why did visitors change last week',
  'anomalies in pageviews last 30 days',
  'forecast of visitors for the next 14 days',
];
