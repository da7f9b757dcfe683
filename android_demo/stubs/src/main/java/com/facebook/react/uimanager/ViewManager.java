package com.facebook.react.uimanager;

import android.view.View;

@SuppressWarnings("unused")
public abstract class ViewManager<T extends View, C> {}
