/*! altcha-lib; its license is in /signup/assets/licenses.txt */

// The solver of ALTCHA's proof of work, in a file of its own: few users need it.
export { solveChallenge } from "altcha-lib/v1";
