package io.github.feredge.android.engine

/** The libraries that an app may have. */
public object Engines {
    /** What to add to an app that has none. */
    public const val DEPENDENCIES: String =
        "com.google.ai.edge.litert:litert for .tflite or com.microsoft.onnxruntime:onnxruntime-android for .onnx"

    /** Those whose classes this app has: TensorFlow Lite or LiteRT, then ONNX Runtime. */
    @JvmStatic
    public fun present(): List<EngineFactory> =
        listOfNotNull(
            "org.tensorflow.lite.Interpreter".takeIf(::isThere)?.let { TfLiteEngines() },
            "ai.onnxruntime.OrtEnvironment".takeIf(::isThere)?.let { OnnxEngines() },
        )

    private fun isThere(name: String): Boolean =
        try {
            Class.forName(name, false, Engines::class.java.classLoader)
            true
        } catch (_: ClassNotFoundException) {
            false
        }
}
