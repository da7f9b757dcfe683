package io.github.feredge.core.bundle

import java.security.MessageDigest

/** SHA-256 of bytes as 64 lower-case hexadecimal digits. */
internal fun sha256(data: ByteArray): String = hexadecimal(MessageDigest.getInstance("SHA-256").digest(data))

internal fun hexadecimal(data: ByteArray): String =
    data.joinToString("") { ((it.toInt() and 255) or 256).toString(16).substring(1) }
