/** A container engine of our own. */
export interface Engine {
  /** What DOCKER_HOST takes. */
  host: string;
  /** Ends it as its service manager would; what it stored stays. */
  halt(): Promise<void>;
  /** Ends it and all its containers at once, as when their machine loses its power. */
  cut(): Promise<void>;
  /** Starts it again after that. */
  resume(): Promise<void>;
  /** Ends it and all its containers, and removes all that it stored. */
  stop(): Promise<void>;
}

/** `images`: a folder that an engine of its kind kept. */
export declare function startDocker(images?: string): Promise<Engine>;
