package io.github.feredge.app.screen

import android.graphics.Typeface
import android.os.Bundle
import android.text.SpannableStringBuilder
import android.text.Spanned
import android.text.style.StyleSpan
import android.view.View
import android.widget.Switch
import io.github.feredge.app.R
import io.github.feredge.app.parts
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Manifest

/** What the app does, what it must not be used for, privacy, the bundle's model card, licenses; and the developer switch. */
class AboutActivity : TextActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setTitle(R.string.about)
        val settings = Settings(this)
        findViewById<Switch>(R.id.developer).apply {
            visibility = View.VISIBLE
            isChecked = settings.isDeveloper
            setOnCheckedChangeListener { _, isChecked -> settings.isDeveloper = isChecked }
        }
        text.text =
            SpannableStringBuilder(getString(R.string.about_text)).apply {
                add(R.string.limits_title, getString(R.string.limits))
                add(R.string.privacy_title, getString(R.string.privacy))
                add(R.string.card_title, card())
                add(R.string.licenses_title, licenses())
            }
    }

    private fun SpannableStringBuilder.add(
        title: Int,
        paragraph: String,
    ) {
        append("\n\n")
        append(getString(title), StyleSpan(Typeface.BOLD), Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        append("\n").append(paragraph)
    }

    private fun card(): String =
        try {
            val bundle = parts.openBundle()
            "${Manifest.FILE} ${bundle.sha256}\n\n" + bundle.read("README.md").toString(Charsets.UTF_8)
        } catch (fault: FerEdgeException) {
            fault.message.orEmpty()
        }

    private fun licenses(): String = resources.openRawResource(R.raw.licenses).use { it.readBytes().toString(Charsets.UTF_8) }
}
