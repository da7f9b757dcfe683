package io.github.feredge.app.screen

import android.content.Context
import android.util.AttributeSet
import android.view.View
import android.widget.LinearLayout

/** A sheet over the picture that never takes more than [MOST] of the screen's height unless it lies beside it. */
class SheetLayout(
    context: Context,
    attributes: AttributeSet?,
) : LinearLayout(context, attributes) {
    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val isBeside = View.MeasureSpec.getMode(heightMeasureSpec) == View.MeasureSpec.EXACTLY
        val most = (View.MeasureSpec.getSize(heightMeasureSpec) * MOST).toInt()
        val limited = View.MeasureSpec.makeMeasureSpec(most, View.MeasureSpec.AT_MOST)
        super.onMeasure(widthMeasureSpec, if (isBeside) heightMeasureSpec else limited)
    }

    private companion object {
        const val MOST = 0.6f
    }
}
