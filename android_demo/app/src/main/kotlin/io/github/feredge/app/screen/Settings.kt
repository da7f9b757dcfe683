package io.github.feredge.app.screen

import android.content.Context
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.app.live.Choice

/** What the user chose and what worked, kept between starts. */
class Settings(
    context: Context,
) {
    private val store = context.getSharedPreferences("settings", Context.MODE_PRIVATE)

    /** The last choice that answered golden cases and a picture of the camera; at first the CPU. */
    val choice: Choice
        get() = Choice(store.getString(VARIANT, null), Accelerator.of(store.getString(ACCELERATOR, null)))

    /** Which camera. */
    var isFront: Boolean
        get() = store.getBoolean("front", true)
        set(value) = store.edit().putBoolean("front", value).apply()

    /** Whether variants, engines, self-test and times are shown. */
    var isDeveloper: Boolean
        get() = store.getBoolean("developer", false)
        set(value) = store.edit().putBoolean("developer", value).apply()

    /**
     * What was tried when the app last ended without [endTrial]: a driver that crashes takes the process with it, and leaves no
     * exception behind. Null: nothing.
     */
    val crashedTrial: String? get() = store.getString(TRIAL, null)

    /** Notes, before an accelerator's driver is called, that it is tried. Written at once: there may be no later. */
    fun beginTrial(choice: Choice) {
        if (choice.accelerator == Accelerator.CPU) return
        store.edit().putString(TRIAL, choice.accelerator.word).commit()
    }

    /** It ended in order. */
    fun endTrial() {
        store.edit().remove(TRIAL).apply()
    }

    /** Keeps a choice that worked. */
    fun keep(worked: Choice) {
        store
            .edit()
            .putString(VARIANT, worked.variant)
            .putString(ACCELERATOR, worked.accelerator.word)
            .remove(TRIAL)
            .apply()
    }

    /** Back to the beginning. */
    fun clear() {
        store.edit().clear().apply()
    }

    private companion object {
        const val VARIANT = "variant"
        const val ACCELERATOR = "accelerator"
        const val TRIAL = "trial"
    }
}
