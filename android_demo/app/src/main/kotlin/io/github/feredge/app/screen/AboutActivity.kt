package io.github.feredge.app.screen

import android.graphics.Typeface
import android.os.Bundle
import android.text.SpannableString
import android.text.Spanned
import android.text.style.StyleSpan
import android.view.View
import android.widget.ArrayAdapter
import android.widget.ListView
import android.widget.Switch
import io.github.feredge.app.R
import io.github.feredge.app.parts
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Manifest

/**
 * What the app does, what it must not be used for, privacy, the bundle's model card, licenses; and the developer switch.
 *
 * A list of paragraphs, of which only those on the screen are laid out: the licenses of an engine may be a third of a megabyte.
 */
class AboutActivity : TitledActivity(R.layout.about) {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setTitle(R.string.about)
        findViewById<ListView>(R.id.paragraphs).apply {
            addHeaderView(developerSwitch(this), null, false)
            adapter = Rows(paragraphs())
        }
    }

    private fun developerSwitch(list: ListView): View {
        val settings = Settings(this)
        val view = layoutInflater.inflate(R.layout.developer, list, false)
        view.findViewById<Switch>(R.id.developer).apply {
            isChecked = settings.isDeveloper
            setOnCheckedChangeListener { _, isChecked -> settings.isDeveloper = isChecked }
        }
        return view
    }

    private fun paragraphs(): List<CharSequence> =
        listOf(
            getString(R.string.about_text),
            title(R.string.limits_title),
            getString(R.string.limits),
            title(R.string.privacy_title),
            getString(R.string.privacy),
            title(R.string.card_title),
        ) + card() + title(R.string.licenses_title) + licenses()

    private fun card(): List<CharSequence> =
        try {
            val bundle = parts.openBundle()
            val readme = bundle.read("README.md").toString(Charsets.UTF_8)
            ModelCard.paragraphs(readme).map { if (it.isTitle) bold(it.text) else it.text } + "${Manifest.FILE} ${bundle.sha256}"
        } catch (fault: FerEdgeException) {
            listOf(fault.message.orEmpty())
        }

    private fun licenses(): List<String> =
        resources
            .openRawResource(R.raw.licenses)
            .use { it.readBytes().toString(Charsets.UTF_8) }
            .split(BLANK_LINES)
            .filter(String::isNotBlank)
            .map(String::trimEnd)

    private fun title(id: Int): CharSequence = bold(getString(id))

    private fun bold(text: String): CharSequence =
        SpannableString(text).apply { setSpan(StyleSpan(Typeface.BOLD), 0, length, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE) }

    private inner class Rows(
        paragraphs: List<CharSequence>,
    ) : ArrayAdapter<CharSequence>(this, R.layout.paragraph, paragraphs) {
        // Read, not chosen.
        override fun areAllItemsEnabled() = false

        override fun isEnabled(position: Int) = false
    }

    private companion object {
        val BLANK_LINES = Regex("\\r?\\n[ \\t]*(\\r?\\n[ \\t]*)+")
    }
}
