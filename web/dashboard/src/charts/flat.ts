import type { Geometry } from 'geojson';

type Ring = number[][];

/** The atlas is for a globe: a ring may cross the antimeridian. On a flat map it goes on past 180°. */
function unwrapped(ring: Ring): Ring {
  let turn = 0;
  const points = ring.map(([longitude = 0, latitude = 0], index) => {
    const step = longitude - (ring[index - 1]?.[0] ?? longitude);
    if (step > 180) turn -= 360;
    if (step < -180) turn += 360;
    return [longitude + turn, latitude];
  });
  const western = points.some(([longitude = 0]) => longitude < -180);
  return western ? points.map(([longitude = 0, latitude = 0]) => [longitude + 360, latitude]) : points;
}

/** A part of the globe for a flat map. */
export function flat(geometry: Geometry): Geometry {
  if (geometry.type === 'Polygon') return { ...geometry, coordinates: geometry.coordinates.map(unwrapped) };
  if (geometry.type === 'MultiPolygon')
    return { ...geometry, coordinates: geometry.coordinates.map((rings) => rings.map(unwrapped)) };
  return geometry;
}
