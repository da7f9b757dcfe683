package io.github.feredge.app.screen

import android.app.Activity
import android.os.Bundle
import android.widget.TextView
import io.github.feredge.app.R
import io.github.feredge.app.parts
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Manifest
import io.github.feredge.core.bundle.Bundle as FerEdgeBundle

/** What the app does, what it must not be used for, and the bundle's model card. */
class AboutActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.text)
        setTitle(R.string.about)
        findViewById<TextView>(R.id.text).text =
            listOf(getString(R.string.about_text), getString(R.string.limits), card()).joinToString("\n\n")
    }

    private fun card(): String =
        try {
            val bundle = FerEdgeBundle.open(parts.bundle)
            "${Manifest.FILE} ${bundle.sha256}\n\n" + bundle.read("README.md").toString(Charsets.UTF_8)
        } catch (fault: FerEdgeException) {
            fault.message.orEmpty()
        }
}
