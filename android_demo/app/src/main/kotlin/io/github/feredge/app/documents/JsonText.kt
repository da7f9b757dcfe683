package io.github.feredge.app.documents

import java.nio.ByteBuffer
import java.util.Base64

/** Writes JSON documents. Free of Android. */
object JsonText {
    /**
     * The text of a document.
     *
     * @param value maps with text keys, lists, float and double arrays, text, finite numbers, booleans and nulls.
     */
    fun of(value: Any?): String = StringBuilder().also { write(value, it) }.toString()

    /** Base64 of a buffer from its position to its limit, which stay as they are. */
    fun base64(data: ByteBuffer): String {
        val view = data.duplicate()
        return Base64.getEncoder().encodeToString(ByteArray(view.remaining()).also { view.get(it) })
    }

    private fun write(
        value: Any?,
        out: StringBuilder,
    ) {
        when (value) {
            null, is Boolean, is Int, is Long -> out.append(value)
            is Float -> number(value.toDouble(), value.toString(), out)
            is Double -> number(value, value.toString(), out)
            is String -> text(value, out)
            is Map<*, *> -> members(value, out)
            is List<*> -> entries(value, out)
            is FloatArray -> entries(value.asList(), out)
            is DoubleArray -> entries(value.asList(), out)
            else -> throw IllegalArgumentException("${value.javaClass} has no form in JSON")
        }
    }

    private fun number(
        value: Double,
        text: String,
        out: StringBuilder,
    ) {
        require(!value.isNaN() && !value.isInfinite()) { "$value has no form in JSON" }
        out.append(text)
    }

    private fun members(
        value: Map<*, *>,
        out: StringBuilder,
    ) {
        var separator = "{"
        for ((name, member) in value) {
            out.append(separator)
            text(name as String, out)
            out.append(':')
            write(member, out)
            separator = ","
        }
        out.append(if (value.isEmpty()) "{}" else "}")
    }

    private fun entries(
        value: List<*>,
        out: StringBuilder,
    ) {
        out.append('[')
        value.forEachIndexed { index, entry ->
            if (index > 0) out.append(',')
            write(entry, out)
        }
        out.append(']')
    }

    private fun text(
        value: String,
        out: StringBuilder,
    ) {
        out.append('"')
        for (letter in value) {
            when {
                letter == '"' || letter == '\\' -> out.append('\\').append(letter)
                letter < ' ' -> out.append("\\u").append((letter.code or ESCAPE).toString(16).substring(1))
                else -> out.append(letter)
            }
        }
        out.append('"')
    }

    private const val ESCAPE = 0x10000
}
