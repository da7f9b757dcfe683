package io.github.feredge.core.bundle

import io.github.feredge.core.ContractTexts
import io.github.feredge.core.ContractTexts.body
import io.github.feredge.core.ContractTexts.input
import io.github.feredge.core.ContractTexts.seal
import io.github.feredge.core.DocumentException
import io.github.feredge.core.ModelException
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.reflect.KClass

class ContractTest {
    @Test
    fun aSoundContractIsRead() {
        val contract = Contract.parse(ContractTexts.quantized())
        assertEquals(listOf("neutral", "happiness"), contract.labels)
        assertEquals(InputSpec("image", Interface.TENSOR, 64, 64, 1, Layout.NHWC, ElementType.INT8), contract.input)
        assertEquals(CameraSettings(1, 0.1, false), contract.camera)
        assertEquals(QuantizationParameters(0.0078125, -1), contract.inputQuantization)
        assertEquals(QuantizationParameters(0.00390625, -128), contract.outputQuantization)
        assertArrayEquals(intArrayOf(1, 64, 64, 1), contract.input.shape())
        assertEquals(ContractTexts.quantized(), contract.text)
    }

    @Test
    fun unicodeLabelsAreHashedAsBytes() {
        assertEquals(listOf("Freude", "悲しみ", "😀"), Contract.parse(seal(body(labels = "[\"Freude\",\"悲しみ\",\"😀\"]"))).labels)
    }

    private fun <T : DocumentException> refused(
        type: KClass<T>,
        text: String,
        vararg words: String,
    ) {
        val fault = assertThrows(type.java) { Contract.parse(text) }
        for (word in words) assertTrue(word in fault.message!!, "'${fault.message}' lacks '$word'")
    }

    @Test
    fun anotherSchemaIsRefusedBeforeItsMembers() {
        val text = seal(body().replace("contract/1", "contract/2").replace("\"model\"", "\"models\""))
        refused(DocumentException.WrongSchema::class, text, "fer-edge-contract/2", "allowed: fer-edge-contract/1")
    }

    @Test
    fun aChangedByteIsRefused() {
        val text = ContractTexts.gray().replace("\"mirror\":false", "\"mirror\":true")
        refused(DocumentException.WrongHash::class, text, "changed after it was written", "from the bundle again")
    }

    @Test
    fun aSwappedLabelIsRefused() {
        val text = ContractTexts.gray().replace("[\"neutral\",\"happiness\"]", "[\"happiness\",\"neutral\"]")
        refused(DocumentException.WrongHash::class, text, "sha256")
    }

    @Test
    fun unknownMissingAndMisplacedKeysAreRefused() {
        refused(DocumentException.UnknownKey::class, seal(body().replace("\"mirror\"", "\"miror\"")), "miror", "crop_margin")
        refused(DocumentException.MissingKey::class, seal(body().replace("\"spec\":1,", "")), "camera lacks spec")
        val swapped = body().replace("\"spec\":1,\"crop_margin\":0.1", "\"crop_margin\":0.1,\"spec\":1")
        refused(DocumentException.WrongOrder::class, seal(swapped), "order of members in camera")
        refused(DocumentException.DuplicateKey::class, seal(body().replace("\"spec\":1", "\"spec\":1,\"spec\":1")), "twice")
    }

    @Test
    fun bytesAroundTheDocumentAreRefused() {
        refused(DocumentException.WrongOrder::class, ContractTexts.gray() + "\n", "nothing after that")
        refused(DocumentException.WrongOrder::class, seal(body().replace("\"spec\":1", "\"spec\": 1")), "blanks")
        refused(DocumentException.NotJson::class, "\uFEFF" + ContractTexts.gray())
        refused(DocumentException.NotJson::class, ContractTexts.gray() + "x", "something after the document")
        refused(DocumentException.NotJson::class, "")
        refused(DocumentException.NotJson::class, "[".repeat(100_000), "nested")
        assertThrows(DocumentException.NotJson::class.java) { Contract.parse(byteArrayOf(0x22, 0xC3.toByte(), 0x22)) }
        refused(DocumentException.IllegalValue::class, "[]", "an object")
        refused(DocumentException.NotJson::class, "{\"schema\":NaN}")
    }

    @Test
    fun labelsThatCannotBeAreRefused() {
        for (labels in listOf(
            "[]",
            "[\"a\",\"a\"]",
            "[\"\"]",
            "[\" \"]",
            "[\"bbox\"]",
            "[\"a\\nb\"]",
            "[1]",
            "\"a\"",
            "[\"\\ud800\"]",
        )) {
            refused(DocumentException.IllegalValue::class, seal(body(labels = labels)), "labels")
        }
    }

    @Test
    fun valuesOutOfRangeAreRefusedWithWhatIsAllowed() {
        val cases =
            mapOf(
                body(input = input(width = "0")) to "input.width is 0; allowed: an integer from 1 to 8192",
                body(input = input(width = "64.0")) to "input.width is 64.0",
                body(input = input(width = "true")) to "input.width is true",
                body(input = input(width = "1" + "0".repeat(300))) to "allowed: an integer from 1 to 8192",
                body(input = input(channels = 2)) to "input.channels is 2; allowed: 1, 3",
                body(input = input(layout = "HWC")) to "input.layout is \"HWC\"; allowed: NCHW, NHWC",
                body(input = input(type = "float16")) to "allowed: float32, int8, uint8",
                body(input = input(type = "int8")) to "scale and zero_point where input.dtype is int8",
                body(quantization = ContractTexts.QUANTIZED) to "null where input.dtype is float32",
                body(input = input(kind = "image")) to "3 where input.interface is image",
                body(input = input(kind = "image", channels = 3)) to "the graph normalizes",
                body(normalization = "{\"mean\":[0.5,0.5],\"std\":[0.5]}") to "normalization.mean",
                body(normalization = "{\"mean\":[0.5],\"std\":[0]}") to "normalization.std",
                body(camera = "{\"spec\":2,\"crop_margin\":0.1,\"mirror\":false}") to "camera.spec is 2",
                body(camera = "{\"spec\":1,\"crop_margin\":-1,\"mirror\":false}") to "camera.crop_margin is -1",
                body(camera = "{\"spec\":1,\"crop_margin\":1e999,\"mirror\":false}") to "camera.crop_margin is 1e999",
                body(camera = "{\"spec\":1,\"crop_margin\":0,\"mirror\":0}") to "camera.mirror is 0; allowed: true, false",
                body(output = "{\"name\":\"p\",\"kind\":\"classes\"}") to "allowed: probabilities, dictionary, logits",
                body().replace("tiny", "../tiny") to "a name that can begin a file name",
            )
        for ((text, words) in cases) refused(DocumentException.IllegalValue::class, seal(text), words)
    }

    @Test
    fun aModelIsComparedWithItsContract() {
        val contract = Contract.parse(ContractTexts.gray())
        contract.checkInput(intArrayOf(1, 64, 64, 1), ElementType.FLOAT32)
        contract.checkOutput(intArrayOf(1, 2), ElementType.FLOAT32)
        val size =
            assertThrows(
                ModelException.InputShape::class.java,
            ) { contract.checkInput(intArrayOf(1, 48, 48, 1), ElementType.FLOAT32) }
        assertTrue("(1, 48, 48, 1)" in size.message!! && "(1, 64, 64, 1)" in size.message!!, size.message)
        assertThrows(ModelException.InputType::class.java) { contract.checkInput(intArrayOf(1, 64, 64, 1), ElementType.INT8) }
        val labels =
            assertThrows(ModelException.LabelCount::class.java) { contract.checkOutput(intArrayOf(1, 8), ElementType.FLOAT32) }
        assertTrue("2 labels" in labels.message!! && "(1, 8)" in labels.message!!, labels.message)
        assertThrows(ModelException.OutputType::class.java) { contract.checkOutput(intArrayOf(1, 2), ElementType.INT8) }
    }
}
