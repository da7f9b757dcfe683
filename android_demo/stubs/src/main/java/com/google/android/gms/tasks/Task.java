package com.google.android.gms.tasks;

/** Google Play services' class of this name. */
public abstract class Task<TResult> {
    public abstract TResult getResult();
}
