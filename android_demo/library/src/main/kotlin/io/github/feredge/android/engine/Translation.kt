package io.github.feredge.android.engine

import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException

/**
 * Runs [work]; what a library throws there becomes an [EngineException] whose message begins with [what].
 *
 * Libraries throw whatever they like: TensorFlow Lite IllegalArgumentException, IllegalStateException and
 * UnsupportedOperationException, ONNX Runtime a checked exception; both link late and allocate outside the heap. None of it
 * may end an app.
 */
@Suppress("TooGenericExceptionCaught", "InstanceOfCheckForException")
internal inline fun <T> translated(
    what: () -> String,
    work: () -> T,
): T =
    try {
        work()
    } catch (error: Exception) {
        throw if (error is FerEdgeException) error else engineException(what(), error)
    } catch (error: LinkageError) {
        throw engineException(what(), error)
    } catch (error: OutOfMemoryError) {
        throw engineException(what(), error)
    }

internal fun engineException(
    what: String,
    error: Throwable,
): EngineException = EngineException("$what: ${error.message ?: error}", error)
