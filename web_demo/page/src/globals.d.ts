/** Versions of the libraries below third-party/, written by the build. */
declare const __VERSIONS__: { readonly litert: string; readonly onnxruntime: string; readonly opencv: string };
