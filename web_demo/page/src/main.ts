import { App } from "./app.ts";

// In a task of its own: the page is laid out and painted first.
setTimeout(() => new App().start());
