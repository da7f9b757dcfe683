package com.example.app

import com.facebook.react.ReactPackage
import com.facebook.react.bridge.Arguments
import com.facebook.react.bridge.NativeModule
import com.facebook.react.bridge.Promise
import com.facebook.react.bridge.ReactApplicationContext
import com.facebook.react.bridge.ReactContextBaseJavaModule
import com.facebook.react.bridge.ReactMethod
import com.facebook.react.uimanager.ViewManager

/** React Native calls it on a thread for modules, not on the main one. */
class FerEdgeModule(context: ReactApplicationContext) : ReactContextBaseJavaModule(context) {
    private val emotions = FileEmotions(context)

    override fun getName() = "FerEdge"

    @ReactMethod
    fun analyze(path: String, promise: Promise) {
        runCatching { emotions.analyze(path)?.let(Arguments::makeNativeMap) }
            .fold(promise::resolve) { promise.reject("fer-edge", it.message, it) }
    }
}

/** In MainApplication: `packages.add(FerEdgePackage())`. */
class FerEdgePackage : ReactPackage {
    override fun createNativeModules(reactContext: ReactApplicationContext): List<NativeModule> = listOf(FerEdgeModule(reactContext))

    override fun createViewManagers(reactContext: ReactApplicationContext): List<ViewManager<*, *>> = emptyList()
}
