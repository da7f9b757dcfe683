package io.github.feredge.bundles

import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import org.junit.jupiter.api.Assumptions.assumeTrue
import java.io.File

/** The bundle under test. */
internal object Bundles {
    /** What -Dfer.edge.bundle or FER_EDGE_BUNDLE names, else the ready bundle beside the app. */
    fun folder(): File {
        val named = System.getProperty("fer.edge.bundle").orEmpty().ifEmpty { System.getenv("FER_EDGE_BUNDLE").orEmpty() }
        if (named.isNotEmpty()) return File(named)
        val ready = File(System.getProperty("fer.edge.root") ?: "../..", "android_demo/bundle")
        assumeTrue(ready.isDirectory, "no bundle: set FER_EDGE_BUNDLE to a folder that fer-export wrote")
        return ready
    }

    fun open(folder: File = folder()): Bundle = Bundle.open(BundleSource.folder(folder))
}
