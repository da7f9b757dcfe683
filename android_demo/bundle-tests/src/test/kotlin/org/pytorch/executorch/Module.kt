package org.pytorch.executorch

import java.nio.FloatBuffer

/*
 * What EmotionsExecuTorch.kt calls of org.pytorch:executorch-android 1.x, to compile it where that library and Android are
 * not: declarations without a runtime behind them. Nothing here is shipped.
 */

open class Module private constructor() {
    open fun forward(vararg inputs: EValue): Array<EValue> = throw UnsupportedOperationException("${inputs.size} inputs")

    open fun destroy() = Unit

    companion object {
        @JvmStatic
        fun load(modelPath: String?): Module = throw UnsupportedOperationException("no runtime for $modelPath")
    }
}

class EValue private constructor() {
    fun toTensor(): Tensor = throw UnsupportedOperationException()

    companion object {
        @JvmStatic
        fun from(tensor: Tensor): EValue = throw UnsupportedOperationException("$tensor")
    }
}

abstract class Tensor private constructor() {
    abstract val dataAsFloatArray: FloatArray

    companion object {
        @JvmStatic
        fun fromBlob(
            data: FloatBuffer,
            shape: LongArray,
        ): Tensor = throw UnsupportedOperationException("${data.remaining()} in ${shape.size} dimensions")
    }
}
