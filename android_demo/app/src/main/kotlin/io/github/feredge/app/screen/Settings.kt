package io.github.feredge.app.screen

import android.content.Context
import io.github.feredge.android.engine.Accelerator

/** What the user chose, kept between starts. */
class Settings(
    context: Context,
) {
    private val store = context.getSharedPreferences("settings", Context.MODE_PRIVATE)

    /** Variant of the bundle; null: the first. */
    var variant: String?
        get() = store.getString("variant", null)
        set(value) = store.edit().putString("variant", value).apply()

    /** Where to run. */
    var accelerator: Accelerator
        get() = Accelerator.of(store.getString("accelerator", null))
        set(value) = store.edit().putString("accelerator", value.word).apply()

    /** Which camera. */
    var isFront: Boolean
        get() = store.getBoolean("front", true)
        set(value) = store.edit().putBoolean("front", value).apply()

    /** Back to the beginning. */
    fun clear() {
        store.edit().clear().apply()
    }
}
