package org.tensorflow.lite

import java.io.File

/**
 * TensorFlow Lite's library of Android on this computer; its own classes find it loaded.
 *
 * Lies in their package, since Robolectric leaves that package to the ordinary class loader and a native library belongs to
 * the loader of the class that loads it.
 */
object HostLibrary {
    private val folder = File(System.getProperty("fer.edge.tflite.host") ?: "../tflite-host/target/native")

    /** Why it cannot be loaded here, for a person; null: it can. */
    val reason: String? =
        when {
            System.getProperty("os.name") != "Linux" || System.getProperty("os.arch") != "amd64" -> {
                "Android's TensorFlow Lite runs on Linux on x86-64 processors only"
            }

            !File(folder, "x86_64/liblog.so").exists() -> {
                "Android's TensorFlow Lite was not made for this computer: install gcc (Debian: gcc libc6-dev) and build tflite-host"
            }

            else -> {
                null
            }
        }

    private val loaded: Unit by lazy {
        check(reason == null) { reason.orEmpty() }
        System.load(File(folder, "x86_64/liblog.so").canonicalPath)
        System.load(File(folder, "x86_64/libtensorflowlite_jni.so").canonicalPath)
    }

    /** Loads it, once. Throws [IllegalStateException] with the [reason] where it cannot. */
    fun load() = loaded

    /** The folder of the same library for ARM and of `answer`, which runs it; it may be missing. */
    val arm64: File = File(folder, "arm64-v8a")
}
