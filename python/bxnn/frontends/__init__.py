"""Front ends: one package per tool whose models bxnn reads. None imports its tool before it is used."""
