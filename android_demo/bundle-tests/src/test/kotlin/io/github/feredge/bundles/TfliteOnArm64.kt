package io.github.feredge.bundles

import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.LoadedArtifact
import org.tensorflow.lite.HostLibrary
import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Files

/** Android's TensorFlow Lite for ARM in an emulator of its processor, one process for all faces. */
internal class TfliteOnArm64(
    private val loaded: LoadedArtifact,
) {
    fun run(tensors: List<ByteBuffer>): List<FloatArray> {
        val folder = Files.createTempDirectory("fer-edge-arm64").toFile()
        try {
            val model = write(File(folder, "model.tflite"), listOf(loaded.model))
            val inputs = write(File(folder, "inputs"), tensors)
            val outputs = File(folder, "outputs")
            val line = answer("$model", "1", "xnnpack", "$inputs", "$outputs")
            return read(outputs.readBytes(), ElementType.valueOf(line.split(' ')[3]), tensors.size)
        } finally {
            folder.deleteRecursively()
        }
    }

    private fun write(
        file: File,
        buffers: List<ByteBuffer>,
    ): File {
        file.outputStream().channel.use { channel -> buffers.forEach { channel.write(it.duplicate()) } }
        return file
    }

    private fun read(
        outputs: ByteArray,
        type: ElementType,
        count: Int,
    ): List<FloatArray> {
        val reader = OutputReader(loaded.contract, type)
        val size = reader.buffer.capacity()
        check(outputs.size == count * size) { "${outputs.size} bytes of answers, expected $count of $size" }
        return List(count) { index ->
            reader.buffer.rewind()
            reader.buffer.put(outputs, index * size, size)
            reader.read().copyOf()
        }
    }

    /** What `answer` prints. */
    private fun answer(vararg words: String): String {
        val command = listOf(checkNotNull(emulator), "-L", ROOT, File(HostLibrary.arm64, "answer").canonicalPath) + words
        val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val text = process.inputStream.reader().readText()
        check(process.waitFor() == 0) { "${command.joinToString(" ")} ended with ${process.exitValue()}: $text" }
        return text.trim()
    }

    companion object {
        /** Where Debian's cross compiler keeps the C library. */
        private const val ROOT = "/usr/aarch64-linux-gnu"

        private val emulator: String? =
            listOf("qemu-aarch64-static", "qemu-aarch64").firstOrNull { name ->
                System.getenv("PATH").split(':').any { File(it, name).canExecute() }
            }

        /** Why it does not run here, for a person; null: it does. */
        val reason: String? =
            when {
                !File(HostLibrary.arm64, "answer").exists() -> {
                    "no compiler for ARM when tflite-host was built (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
                }

                emulator == null -> {
                    "no emulator for ARM (Debian: qemu-user-static)"
                }

                else -> {
                    null
                }
            }
    }
}
