/** `v1`, `v2.1`, `v1beta2`: the segment that tells the version of the API, in any case. */
export const API_VERSION = String.raw`v\d{1,3}(?:\.\d{1,3})?(?:(?:alpha|beta|rc)\d{0,2})?`;
