/* How many blocks of memory this thread has asked for; -1 where that cannot be counted. Tests only. */
long allocations_so_far(void);
