/** Where something stands in the keys file. */
export type Path = readonly (string | number)[];
/** A problem before its line is looked up. */
export interface KeysFileError {
  path: Path;
  message: string;
  remedy: string;
}
