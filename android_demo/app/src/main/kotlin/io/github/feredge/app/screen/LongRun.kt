package io.github.feredge.app.screen

import android.os.Handler
import android.os.Looper
import kotlin.concurrent.thread

/**
 * Work that takes longer than a screen may live: it goes on while the phone is turned, and the next screen shows all of its lines.
 *
 * A screen hands it on by `onRetainNonConfigurationInstance`. [attach] and [detach] are for the main thread.
 */
class LongRun(
    name: String,
    work: (tell: (String) -> Unit) -> Unit,
) {
    private val main = Handler(Looper.getMainLooper())
    private val lines = ArrayList<String>()
    private var isDone = false
    private var reader: Reader? = null

    /** Shows the lines of a run. */
    interface Reader {
        /** One more. */
        fun onLine(line: String)

        /** No more come. */
        fun onDone()
    }

    init {
        thread(name = name) {
            work { line -> main.post { add(line) } }
            main.post { end() }
        }
    }

    private fun add(line: String) {
        lines.add(line)
        reader?.onLine(line)
    }

    private fun end() {
        isDone = true
        reader?.onDone()
    }

    /** Tells a screen everything so far, and what comes. */
    fun attach(next: Reader) {
        reader = next
        lines.forEach(next::onLine)
        if (isDone) next.onDone()
    }

    /** Tells nobody. */
    fun detach() {
        reader = null
    }
}

/** A screen of text that shows a [LongRun] and hands it on when the phone is turned. */
abstract class LongRunActivity :
    TextActivity(),
    LongRun.Reader {
    private lateinit var run: LongRun

    /** Starts the run with the application's things only: this screen may be gone before it ends. */
    protected abstract fun begin(): LongRun

    // Its successor is a library of androidx.
    @Suppress("DEPRECATION")
    override fun onStart() {
        super.onStart()
        text.text = ""
        run = lastNonConfigurationInstance as? LongRun ?: if (::run.isInitialized) run else begin()
        run.attach(this)
    }

    override fun onStop() {
        super.onStop()
        run.detach()
    }

    @Suppress("OVERRIDE_DEPRECATION")
    override fun onRetainNonConfigurationInstance(): Any = run

    override fun onLine(line: String) {
        text.append(line + "\n")
    }

    override fun onDone() = Unit
}
