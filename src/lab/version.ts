/** Version of the engine, as submissions name it. The same as in package.json; a test holds it. */
export const ENGINE_VERSION = "0.1.0";
