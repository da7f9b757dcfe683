package io.github.feredge.app.screen

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class AnnouncementsTest {
    private val second = 1_000_000_000L
    private val announcements = Announcements()

    @Test
    fun aLabelIsSaidOnceHoweverManyPicturesShowIt() {
        assertEquals("neutral", announcements.next("neutral", 0))
        repeat(100) { assertNull(announcements.next("neutral", it * second)) }
    }

    /** 30 pictures a second that alternate for 10 seconds: at most 11 announcements, not 300. */
    @Test
    fun aFlickeringLabelIsSaidAtMostOnceASecond() {
        val said = (0 until 300).mapNotNull { announcements.next(if (it % 2 == 0) "anger" else "fear", it * second / 30) }
        assertEquals(10, said.size)
    }

    @Test
    fun whatIsSaidLaterIsTheNewest() {
        announcements.next("neutral", 0)
        assertNull(announcements.next("anger", second / 2))
        assertEquals("fear", announcements.next("fear", second))
    }
}
