package io.github.feredge.core.bundle

import io.github.feredge.core.BundleException
import io.github.feredge.core.ContractTexts
import io.github.feredge.core.DocumentException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.nio.ByteOrder
import java.nio.MappedByteBuffer
import java.nio.file.Files

/** A bundle on disk, sound at first, then with one thing wrong. The model is an ONNX file that holds metadata only. */
class BundleTest {
    @TempDir
    lateinit var folder: File

    private val contract = ContractTexts.gray()

    @BeforeEach
    fun write() {
        put("tiny-fp32.onnx", onnx(contract))
        put("tiny-fp32.onnx.contract.json", contract.toByteArray())
        put("labels.txt", "neutral\nhappiness\n".toByteArray())
        put("golden/a.json", "{}".toByteArray())
        seal()
    }

    private fun put(
        path: String,
        data: ByteArray,
    ) = File(folder, path).also { it.parentFile.mkdirs() }.writeBytes(data)

    /** Fields of protobuf: metadata_props (14) with key (1) and value (2), length-delimited. */
    private fun onnx(text: String): ByteArray {
        val entry = field(1, "fer_edge_contract".toByteArray()) + field(2, text.toByteArray())
        return byteArrayOf(8, 9) + field(14, entry)
    }

    private fun field(
        number: Int,
        data: ByteArray,
    ): ByteArray =
        byteArrayOf((number * 8 + 2).toByte()) + byteArrayOf((data.size and 127 or 128).toByte(), (data.size shr 7).toByte()) +
            data

    private fun seal(edit: (String) -> String = { it }) {
        val listed = folder.walk().filter { it.isFile && it.name != "manifest.json" }.sorted()
        val files =
            listed.joinToString {
                val path = it.relativeTo(folder).path
                "\"$path\":{\"sha256\":\"${sha256(it.readBytes())}\",\"bytes\":${it.length()}}"
            }
        val text = contract.replace("\"", "\\\"")
        val parity =
            "{\"verdict\":\"not-run\",\"reason\":\"no engine\",\"engine\":null,\"inputs\":null,\"max_abs\":null," +
                "\"mean_abs\":null,\"top1_agreement\":null,\"limit\":null}"
        val artifact =
            "{\"variant\":\"onnx-fp32\",\"format\":\"onnx\",\"precision\":\"fp32\",\"interface\":\"tensor\"," +
                "\"path\":\"tiny-fp32.onnx\",\"bytes\":1,\"contract\":\"$text\",\"parity\":$parity," +
                "\"weight_audit\":null,\"accuracy\":null,\"calibration\":null}"
        val manifest =
            "{\"schema\":\"fer-edge-manifest/1\",\"model\":\"tiny\"," +
                "\"source\":{\"arch\":\"tiny\",\"checkpoint_sha256\":\"${"0".repeat(64)}\"}," +
                "\"files\":{$files},\"artifacts\":[$artifact]," +
                "\"skipped\":[{\"variant\":\"coreml-fp32\",\"reason\":\"no macOS\"}]," +
                "\"tools\":{\"torch\":\"2\"},\"extra\":{\"anything\":[1,{}]}}"
        File(folder, "manifest.json").writeText(edit(manifest))
    }

    private fun open() = Bundle.open(BundleSource.folder(folder))

    @Test
    fun aSoundBundleIsOpened() {
        val bundle = open()
        assertEquals(listOf("onnx-fp32"), bundle.variants)
        assertEquals(emptyList<String>(), bundle.faults())
        assertEquals(listOf("golden/a.json"), bundle.goldenPaths)
        val loaded = bundle.load("onnx-fp32")
        assertEquals(contract, loaded.contract.text)
        assertEquals(File(folder, "tiny-fp32.onnx").length().toInt(), loaded.model.remaining())
        assertEquals(sha256(File(folder, "manifest.json").readBytes()), bundle.sha256)
        assertEquals(Verdict.NOT_RUN, loaded.artifact.parity.verdict)
    }

    @Test
    fun oneChangedByteIsRefused() {
        val file = File(folder, "tiny-fp32.onnx")
        file.writeBytes(file.readBytes().also { it[40] = (it[40] + 1).toByte() })
        val fault = assertThrows(BundleException.WrongHash::class.java) { open().load("onnx-fp32") }
        assertEquals("tiny-fp32.onnx", fault.path)
        assertTrue("was changed" in fault.message!!, fault.message)
        assertEquals(1, open().faults().size)
    }

    @Test
    fun modelsAreMappedAndNeverReadIntoTheHeap() {
        val mapped = open().load("onnx-fp32").model
        assertTrue(mapped is MappedByteBuffer)
        assertEquals(ByteOrder.nativeOrder(), mapped.order())
        val streams = BundleSource { path -> File(folder, path).inputStream() }
        assertEquals(Bundle.open(streams).load("onnx-fp32").model, mapped)
    }

    @Test
    fun aVerifiedBundleIsHashedNoMore() {
        val model = File(folder, "tiny-fp32.onnx")
        model.writeBytes(model.readBytes().also { it[1] = 7 })
        assertThrows(BundleException.WrongHash::class.java) { open().load("onnx-fp32") }
        val verified = Bundle.open(BundleSource.folder(folder), isVerified = true)
        assertEquals(7, verified.load("onnx-fp32").model[1])
        assertEquals(1, verified.faults().size, "who asks is told all the same")
        model.appendBytes(byteArrayOf(0))
        assertThrows(BundleException.WrongSize::class.java) { verified.load("onnx-fp32") }
    }

    @Test
    fun anotherSizeIsRefused() {
        File(folder, "tiny-fp32.onnx").appendBytes(byteArrayOf(0))
        assertThrows(BundleException.WrongSize::class.java) { open().load("onnx-fp32") }
        put("tiny-fp32.onnx", byteArrayOf(1))
        assertThrows(BundleException.WrongSize::class.java) { open().load("onnx-fp32") }
    }

    @Test
    fun aMissingFileIsRefused() {
        File(folder, "tiny-fp32.onnx").delete()
        assertThrows(BundleException.MissingFile::class.java) { open().load("onnx-fp32") }
        File(folder, "manifest.json").delete()
        assertThrows(BundleException.MissingFile::class.java) { open() }
    }

    @Test
    fun labelsSwappedEverywhereButInTheModelAreRefused() {
        val swapped = ContractTexts.seal(ContractTexts.body(labels = "[\"happiness\",\"neutral\"]"))
        put("tiny-fp32.onnx.contract.json", swapped.toByteArray())
        seal { it.replace(contract.replace("\"", "\\\""), swapped.replace("\"", "\\\"")) }
        val fault = assertThrows(BundleException.ContractDiffers::class.java) { open().load("onnx-fp32") }
        assertTrue("another contract" in fault.message!!, fault.message)
    }

    @Test
    fun aContractBesideTheModelThatIsAnotherIsRefused() {
        put("tiny-fp32.onnx.contract.json", ContractTexts.color().toByteArray())
        seal()
        val fault = assertThrows(BundleException.ContractDiffers::class.java) { open().load("onnx-fp32") }
        assertTrue("differs from the contract of onnx-fp32" in fault.message!!, fault.message)
    }

    @Test
    fun aModelWithoutContractIsRefused() {
        put("tiny-fp32.onnx", byteArrayOf(8, 9))
        seal()
        assertTrue(
            "no contract" in assertThrows(BundleException.ContractDiffers::class.java) { open().load("onnx-fp32") }.message!!,
        )
    }

    @Test
    fun aBrokenModelIsRefused() {
        put("tiny-fp32.onnx", onnx(contract).copyOf(60))
        seal()
        assertTrue(
            "no onnx file" in assertThrows(BundleException.ContractDiffers::class.java) { open().load("onnx-fp32") }.message!!,
        )
    }

    @Test
    fun aVariantThatIsNotThereIsNamedWithTheReason() {
        val fault = assertThrows(BundleException.UnknownVariant::class.java) { open().load("coreml-fp32") }
        assertEquals("variant coreml-fp32 is not in this bundle (skipped at export: no macOS); it has onnx-fp32", fault.message)
    }

    @Test
    fun aLinkOutOfTheBundleIsRefused() {
        val file = File(folder, "tiny-fp32.onnx")
        val outside = File.createTempFile("outside", ".onnx").also { it.writeBytes(file.readBytes()) }
        file.delete()
        Files.createSymbolicLink(file.toPath(), outside.toPath())
        assertThrows(BundleException.MissingFile::class.java) { open().load("onnx-fp32") }
        outside.delete()
    }

    @Test
    fun oneFileAsTwoPrecisionsIsRefused() {
        seal { text ->
            val artifact = text.substringAfter("\"artifacts\":[").substringBefore("],\"skipped\"")
            val renamed = artifact.replace("\"onnx-fp32\"", "\"onnx-fp16\"")
            val second = renamed.replace("\"precision\":\"fp32\"", "\"precision\":\"fp16\"")
            text.replace(artifact, "$artifact,$second")
        }
        val fault = assertThrows(DocumentException.IllegalValue::class.java) { open() }
        assertTrue("each path once" in fault.message!!, fault.message)
    }

    @Test
    fun manifestsThatBreakTheSchemaAreRefused() {
        val edits =
            listOf<Pair<Class<out DocumentException>, (String) -> String>>(
                DocumentException.WrongSchema::class.java to { it.replace("manifest/1", "manifest/3") },
                DocumentException.UnknownKey::class.java to { it.replace("\"tools\"", "\"tool\"") },
                DocumentException.UnknownKey::class.java to { it.replace("\"top1_agreement\"", "\"top_1\"") },
                DocumentException.MissingKey::class.java to { it.replace(",\"extra\":{\"anything\":[1,{}]}", "") },
                DocumentException.DuplicateKey::class.java to
                    { it.replace("\"model\":\"tiny\"", "\"model\":\"a\",\"model\":\"b\"") },
                DocumentException.IllegalValue::class.java to { it.replace("labels.txt", "../labels.txt") },
                DocumentException.IllegalValue::class.java to { it.replace("labels.txt", "/labels.txt") },
                DocumentException.IllegalValue::class.java to { it.replace("labels.txt", "golden/./labels.txt") },
                DocumentException.IllegalValue::class.java to { it.replace("\"onnx-fp32\"", "\"onnx-fp16\"") },
                DocumentException.IllegalValue::class.java to
                    { it.replace("\"path\":\"tiny-fp32.onnx\"", "\"path\":\"other.onnx\"") },
                DocumentException.IllegalValue::class.java to { it.replace("\"reason\":\"no engine\"", "\"reason\":null") },
                DocumentException.IllegalValue::class.java to { it.replace("\"bytes\":1,", "\"bytes\":-1,") },
                DocumentException.NotJson::class.java to { it.dropLast(1) },
            )
        for ((type, edit) in edits) {
            seal(edit)
            assertThrows(type) { open() }
        }
    }
}
