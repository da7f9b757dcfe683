package org.tensorflow.lite

/**
 * TensorFlow Lite's library for this computer, which the classes for desktops do not load by themselves.
 *
 * Lies in their package, since Robolectric leaves that package to the ordinary class loader and a native library belongs to
 * the loader of the class that loads it.
 */
object HostLibrary {
    init {
        System.loadLibrary("tensorflowlite_jni")
    }

    /** Loads it, once. */
    fun load() = Unit
}
