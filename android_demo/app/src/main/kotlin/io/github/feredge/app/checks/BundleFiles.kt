package io.github.feredge.app.checks

import io.github.feredge.core.BundleException
import io.github.feredge.core.bundle.Bundle

/** The files of a bundle that travel to the phone: all but the PyTorch weights, with which only computers compare. */
object BundleFiles {
    private const val REFERENCE = "reference.safetensors"

    /** Paths, sorted. */
    fun paths(bundle: Bundle): List<String> =
        bundle.manifest.files.keys
            .filterNot { it.startsWith(REFERENCE) }
            .sorted()

    /** One sentence about the first file that is missing or changed; null: none is. */
    fun fault(bundle: Bundle): String? = paths(bundle).firstNotNullOfOrNull { fault(bundle, it) }

    private fun fault(
        bundle: Bundle,
        path: String,
    ): String? =
        try {
            bundle.read(path)
            null
        } catch (fault: BundleException) {
            fault.message
        }
}
