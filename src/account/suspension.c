#include "account/suspension.h"

bool suspension_may_add(int64_t made_count, int64_t account_count)
{
    int64_t share = account_count / 100;
    return made_count < (share > SUSPENSION_FREE ? share : SUSPENSION_FREE);
}
