package io.github.feredge.app.documents

import io.github.feredge.app.Bundles
import io.github.feredge.app.RenderedFace
import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

class DocumentsTest {
    @Test
    fun jsonIsWrittenByHand() {
        val document =
            linkedMapOf(
                "a" to listOf(1, 2.5, "q\"\\\n\u00e9", null, true),
                "b" to emptyMap<String, Any>(),
                "c" to floatArrayOf(0.1f),
            )
        assertEquals("{\"a\":[1,2.5,\"q\\\"\\\\\\u000a\u00e9\",null,true],\"b\":{},\"c\":[0.1]}", JsonText.of(document))
        assertThrows(IllegalArgumentException::class.java) { JsonText.of(Float.NaN) }
    }

    @Test
    fun aDumpHoldsTheBytesOfTheFrame() {
        val contract = Bundles.open().let { it.contract(it.artifact("tflite-fp32")) }
        val tensor = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder())
        tensor.putFloat(0.5f)
        val picture = RenderedFace.picture()
        val text =
            DumpDocument.text(picture, RenderedFace.box, contract, tensor, "tflite-fp32", floatArrayOf(0.25f, 0.75f), "none")
        val document = JSONObject(text)
        val names = "schema frame rotation mirror box tensor probabilities contract_sha256 device".split(" ")
        assertEquals(names.toSet(), document.keySet())
        assertEquals(90, document.getInt("rotation"))
        assertEquals(contract.sha256, document.getString("contract_sha256"))
        assertEquals(0.75, document.getJSONObject("probabilities").getJSONArray("tflite-fp32").getDouble(1), 0.0)
        // 0.5 is 0x3F000000; the tensor's position does not matter.
        assertEquals("AAAAPwAAAAA=", document.getJSONObject("tensor").getString("data"))
        val y = Base64.getDecoder().decode(document.getJSONObject("frame").getJSONObject("y").getString("data"))
        assertArrayEquals(ByteArray(y.size) { picture.y.data.get(it) }, y)
    }

    @Test
    fun answersThatAreNotFiniteAreToldAsNull() {
        val contract = Bundles.open().let { it.contract(it.artifact("tflite-fp32")) }
        val tensor = ByteBuffer.allocateDirect(4)
        val answers = floatArrayOf(Float.NaN, 0.5f, Float.POSITIVE_INFINITY)
        val text = DumpDocument.text(RenderedFace.picture(), null, contract, tensor, "tflite-fp32", answers, "none")
        val told = JSONObject(text).getJSONObject("probabilities").getJSONArray("tflite-fp32")
        assertEquals(listOf(true, false, true), (0 until 3).map { told.isNull(it) })
    }
}
