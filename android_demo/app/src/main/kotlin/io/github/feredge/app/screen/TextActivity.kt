package io.github.feredge.app.screen

import android.app.Activity
import android.os.Bundle
import android.widget.TextView
import android.widget.Toolbar
import io.github.feredge.app.R

/** A screen of text below a title, with a way back. */
abstract class TextActivity : Activity() {
    /** What is read. */
    protected lateinit var text: TextView
        private set

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        window.goEdgeToEdge()
        setContentView(R.layout.text)
        Insets.pad(findViewById(R.id.root))
        text = findViewById(R.id.text)
        findViewById<Toolbar>(R.id.toolbar).setNavigationOnClickListener { finish() }
    }

    override fun setTitle(titleId: Int) {
        super.setTitle(titleId)
        findViewById<Toolbar>(R.id.toolbar).setTitle(titleId)
    }
}
