package io.github.feredge.dex

import io.github.feredge.core.camera.CameraPath
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What runs in this module was dex. */
class OriginTest {
    @Test
    fun theCoreAndKotlinComeFromDex() {
        for (type in listOf(CameraPath::class.java, Unit::class.java)) {
            val place = type.protectionDomain.codeSource.location.path
            assertTrue(place.endsWith("/target/dex/from-dex.jar"), "$type comes from $place")
        }
    }
}
