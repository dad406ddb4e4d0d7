/** What can be said of a file of cells before it is read; empty = the service finds out. */
import type { Query } from '@/host';

/** The choices of the dialog. */
export interface ImportOptions {
  datum: string;
  encoding: string;
  layer: string;
  geometry_column: string;
  code_field: string;
  name_field: string;
  community_field: string;
  households_field: string;
}

/** Nothing said. */
export function plainOptions(): ImportOptions {
  return { datum: 'auto', encoding: 'auto', layer: '', geometry_column: '', code_field: '', name_field: '', community_field: '', households_field: '' };
}

/** As parameters of the question: only what was said. */
export function importQuery(options: ImportOptions): Query {
  const said = Object.entries(options).map(([key, value]) => [key, String(value).trim()] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== '' && value !== 'auto'));
}
