declare module 'virtual:regions' {
  import type { GeometryCollection, Topology } from 'topojson-specification';

  const regions: Topology<{ regions: GeometryCollection }>;
  export default regions;
}
