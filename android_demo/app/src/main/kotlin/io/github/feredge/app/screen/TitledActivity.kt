package io.github.feredge.app.screen

import android.app.Activity
import android.os.Bundle
import android.widget.Toolbar
import io.github.feredge.app.R

/**
 * A screen below a title, with a way back.
 *
 * @param layout its views, `root` and `toolbar` among them.
 */
abstract class TitledActivity(
    private val layout: Int,
) : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        window.goEdgeToEdge()
        setContentView(layout)
        Insets.pad(findViewById(R.id.root))
        findViewById<Toolbar>(R.id.toolbar).setNavigationOnClickListener { finish() }
    }

    override fun setTitle(titleId: Int) {
        super.setTitle(titleId)
        findViewById<Toolbar>(R.id.toolbar).setTitle(titleId)
    }
}
