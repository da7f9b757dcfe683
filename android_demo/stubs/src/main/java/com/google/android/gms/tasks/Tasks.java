package com.google.android.gms.tasks;

import java.util.concurrent.ExecutionException;

/** What the adapter calls of Google Play services' class of this name. */
public final class Tasks {
    private Tasks() {}

    public static <TResult> TResult await(Task<TResult> task) throws ExecutionException, InterruptedException {
        try {
            return task.getResult();
        } catch (IllegalStateException error) {
            throw new ExecutionException(error);
        }
    }
}
