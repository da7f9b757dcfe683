package io.github.feredge.graphics

import java.io.File

/** Collects one line an SDK in the file that the property `skia.result` names. */
internal object SkiaResults {
    private const val HEAD =
        "{\"schema\": \"fer-edge-skia/1\",\n" +
            " \"what\": \"createBitmap with matrix, crop, createScaledBitmap(filter = true) in Android's own graphics " +
            "code (Robolectric 4.17, native: each SDK's framework over the one Skia that Robolectric ships) " +
            "against core's integers: color values that differ\",\n \"records\": [\n"
    private const val TAIL = "\n ]}\n"

    fun put(
        sdk: Int,
        key: String,
        record: String,
    ) {
        val file = File(System.getProperty("skia.result") ?: return)
        val mark = "  {\"sdk\": $sdk, \"$key\": "
        val old =
            if (file.exists()) {
                file
                    .readLines()
                    .filter {
                        it.startsWith(
                            "  {",
                        )
                    }.map { it.removeSuffix(",") }
            } else {
                emptyList()
            }
        val lines = (old.filterNot { it.startsWith(mark) } + "$mark$record}").sorted()
        file.parentFile.mkdirs()
        file.writeText(HEAD + lines.joinToString(",\n") + TAIL)
    }
}
