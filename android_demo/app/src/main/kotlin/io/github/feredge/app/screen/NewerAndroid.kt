package io.github.feredge.app.screen

/** A function that calls what Android 8.0 does not have; its caller asks the release first. The build looks at all others. */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION)
annotation class NewerAndroid
