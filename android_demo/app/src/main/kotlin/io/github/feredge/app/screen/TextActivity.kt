package io.github.feredge.app.screen

import android.os.Bundle
import android.widget.TextView
import io.github.feredge.app.R

/** A screen of some lines of text. */
abstract class TextActivity : TitledActivity(R.layout.text) {
    /** What is read. */
    protected lateinit var text: TextView
        private set

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        text = findViewById(R.id.text)
    }
}
