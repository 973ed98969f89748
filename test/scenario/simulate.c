/* dialtone-simulate: the simulator as a program of its own. */
#include "sim_main.h"

int main(int argc, char **argv)
{
    return sim_main(argc - 1, argv + 1);
}
