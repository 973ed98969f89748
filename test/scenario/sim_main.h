/* sim_main.h - `dialtone simulate`. */
#ifndef DT_TEST_SIM_MAIN_H
#define DT_TEST_SIM_MAIN_H

/* --seeds N | --seed K [--mutation NAME] [--world money|edge]. Words without a dash are passed
 * over. Prints each violation, with one seed its trace hash, and a summary as the last line.
 * Returns the exit status: 0 clean, 1 a violation, 2 wrong usage. */
int sim_main(int argc, char **argv);

#endif
