package io.github.feredge.bundles

import io.github.feredge.core.BundleException
import io.github.feredge.core.DocumentException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.ModelException
import io.github.feredge.core.bundle.Artifact
import io.github.feredge.core.bundle.Contract
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.security.MessageDigest

/** A real bundle with one thing changed is refused with a sentence for a person, before any interpreter sees it. */
class RefusedBundlesTest {
    @TempDir
    lateinit var folder: File

    private lateinit var artifact: Artifact
    private lateinit var contract: Contract

    @BeforeEach
    fun copy() {
        Bundles.folder().copyRecursively(folder, overwrite = true)
        val bundle = Bundles.open(folder)
        artifact = bundle.manifest.artifacts.first { it.format == "tflite" || it.format == "onnx" }
        contract = bundle.contract(artifact)
    }

    private fun refused(words: String): FerEdgeException {
        val fault = assertThrows(FerEdgeException::class.java) { Bundles.open(folder).load(artifact.variant) }
        assertTrue(words in fault.message!!, "'${fault.message}' lacks '$words'")
        return fault
    }

    @Test
    fun oneChangedByteInTheModel() {
        val file = File(folder, artifact.path)
        file.writeBytes(file.readBytes().also { it[it.size / 2] = (it[it.size / 2] + 1).toByte() })
        assertInstanceOf(BundleException.WrongHash::class.java, refused("${artifact.path} was changed"))
    }

    @Test
    fun oneChangedByteInTheContract() {
        val file = File(folder, artifact.path + ".contract.json")
        file.writeText(file.readText().replace("\"mirror\":false", "\"mirror\":true "))
        assertInstanceOf(BundleException::class.java, refused("changed"))
    }

    @Test
    fun anotherManifestText() {
        val file = File(folder, "manifest.json")
        file.writeText(file.readText().replaceFirst("crop_margin", "crop_morgin"))
        assertInstanceOf(DocumentException::class.java, refused("crop_morgin"))
    }

    @Test
    fun twoLabelsSwappedInTheContract() {
        val (first, second) = contract.labels
        replaceContract { it.replace("[\"$first\",\"$second\"", "[\"$second\",\"$first\"") }
        assertInstanceOf(DocumentException.WrongHash::class.java, refused("sha256"))
    }

    /** Whoever also makes every hash right is stopped by the contract inside the model. */
    @Test
    fun twoLabelsSwappedAndEveryHashMadeRight() {
        val (first, second) = contract.labels
        replaceContract { sealed(it.replace("[\"$first\",\"$second\"", "[\"$second\",\"$first\"")) }
        assertInstanceOf(BundleException.ContractDiffers::class.java, refused("another contract"))
    }

    @Test
    fun anotherSizeAndEveryHashMadeRight() {
        val width = contract.input.width
        replaceContract { sealed(it.replace("\"width\":$width", "\"width\":${width + 1}")) }
        assertInstanceOf(BundleException.ContractDiffers::class.java, refused("another contract"))
    }

    /** A model of another size or with other labels under this contract: what the interpreter reports is compared. */
    @Test
    fun anotherModelUnderThisContract() {
        val shape = contract.input.shape().also { it[1] += 1 }
        assertThrows(ModelException.InputShape::class.java) { contract.checkInput(shape, contract.input.type) }
        val fault =
            assertThrows(ModelException.LabelCount::class.java) {
                contract.checkOutput(intArrayOf(1, contract.labels.size + 1), contract.input.type)
            }
        assertTrue("${contract.labels.size} labels" in fault.message!!, fault.message)
    }

    @Test
    fun theUnchangedCopyIsTaken() {
        assertEquals(contract, Bundles.open(folder).load(artifact.variant).contract)
    }

    /** Puts another contract beside the model and into the manifest, whose entry for that file is made right. */
    private fun replaceContract(edit: (String) -> String) {
        val path = artifact.path + ".contract.json"
        val file = File(folder, path)
        val old = file.readText()
        val new = edit(old)
        assertTrue(old != new, "the edit changed nothing")
        file.writeText(new)
        val manifest = File(folder, "manifest.json")
        val text = manifest.readText().replace(quoted(old), quoted(new))
        val entry = Regex("(\"${Regex.escape(path)}\":\\s*\\{\\s*\"sha256\":\\s*\")[0-9a-f]{64}(\",\\s*\"bytes\":\\s*)[0-9]+")
        val size = new.toByteArray().size
        manifest.writeText(entry.replace(text) { "${it.groupValues[1]}${sha256(new)}${it.groupValues[2]}$size" })
    }

    private fun quoted(text: String): String = text.replace("\\", "\\\\").replace("\"", "\\\"")

    /** The contract's own hash made right again. */
    private fun sealed(text: String): String {
        val body = text.substringBeforeLast(",\"sha256\":\"")
        return "$body,\"sha256\":\"${sha256("$body}")}\"}"
    }

    private fun sha256(text: String): String =
        MessageDigest.getInstance("SHA-256").digest(text.toByteArray()).joinToString("") { "%02x".format(it) }
}
