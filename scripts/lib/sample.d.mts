export declare function copySample(folder: string): Promise<void>;
