export declare function withLinkedExtension<T>(use: (folder: string) => Promise<T>): Promise<T>;
