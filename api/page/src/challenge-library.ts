/*! altcha-lib, Copyright (c) 2023 Daniel Regeci, MIT License */

// The solver of ALTCHA's proof of work, in a file of its own: few users need it.
export { solveChallenge } from "altcha-lib/v1";
