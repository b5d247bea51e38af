/** Calls of what the source edit inserted, which are nobody's predict calls. */
export const ours = /^_predictscope_/;
