/** The Chromium of the tests. */
export declare function findBrowser(): string | undefined;
