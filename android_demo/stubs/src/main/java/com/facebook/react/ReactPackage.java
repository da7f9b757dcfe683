package com.facebook.react;

import com.facebook.react.bridge.NativeModule;
import com.facebook.react.bridge.ReactApplicationContext;
import com.facebook.react.uimanager.ViewManager;
import java.util.List;

/** What the glue of docs/cross-platform.md calls of React Native's interface of this name; so for its neighbors. */
public interface ReactPackage {
    List<NativeModule> createNativeModules(ReactApplicationContext reactContext);

    List<ViewManager> createViewManagers(ReactApplicationContext reactContext);
}
