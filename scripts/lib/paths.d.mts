export declare const root: string;
export declare const artifacts: string;
export declare function inRoot(...parts: string[]): string;
